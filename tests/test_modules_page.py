"""The page of the science modules is that of their declarations."""

from __future__ import annotations

from pathlib import Path

from modules_page import page

from linnet.science.registry import modules

PAGE = Path(__file__).parent.parent / "docs" / "modules.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python scripts/modules_page.py > docs/modules.md"


def test_every_module_and_every_column_that_is_not_per_band_is_on_the_page() -> None:
    said = page()
    for module in modules():
        assert f"\n## {module.name}\n" in said
        for name in module.gives:
            assert f"`{name}`" in said or not set(name.split("_")).isdisjoint("ugrizy"), name
    assert "`features_BAND_stetson_k`" in said
    assert "`colour_u_g_change`" in said
