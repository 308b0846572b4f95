"""The table of catches among real packets is what its command makes of them. About 40 s."""

from __future__ import annotations

from pathlib import Path

import filter_gallery

ROOT = Path(__file__).parent.parent


def test_the_table_in_the_documentation_is_up_to_date_and_every_catch_is_on_the_page(
    shared_data: Path, tmp_path: Path
) -> None:
    table = tmp_path / "yields.md"
    filter_gallery.main(shared_data, table, tmp_path / "gallery")
    assert table.read_text() == (ROOT / "docs" / "filters-yields.md").read_text()
    page = (tmp_path / "gallery" / "index.html").read_text()
    expected, caught, described = 0, set[str](), set[str]()
    for line in table.read_text().splitlines():
        if line.startswith("- `"):
            described.add(line.split("`")[1])
        if line.startswith("| `"):
            counts = [int(cell.split()[0]) for cell in line.split("|")[2:5]]
            expected += min(sum(counts), filter_gallery.MOST)
            caught |= {line.split("`")[1]} if sum(counts) else set()
    assert described == caught
    assert page.count('<div class="c">') == expected > 50
    assert page.count("<svg") == expected
    assert page.count("<img") > expected
