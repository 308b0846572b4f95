"""Pages are executed as they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_blocks import blocks, run

PAGE = """# A page

```sh
rm -rf shown-only
```

```sh run
echo one >made; echo "the   number is 41"; echo done
```

```text output
the number is ...
done
```

    indented blocks are shown

```sh run=3
cat made
exit 3
```

```python
shown = True
```
"""


def write(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(text)
    return page


def test_marked_blocks_run_in_order_in_one_folder(tmp_path: Path) -> None:
    found = list(run(write(tmp_path, PAGE), tmp_path, {}))
    assert [block.line for block, _ in found] == [7, 18]
    assert found[1][1] == "one\n"
    assert len(blocks(PAGE)) == 2


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("exit 3", "exit 4", "line 18: ends with 4"),
        ("exit 3", "false; exit 3", "line 18: ends with 1"),
        ("cat made", "cat lost", "line 18: ends with 1"),
        ("echo done", "echo over", "does not print\ndone"),
        ('echo "the   number is 41"; echo done', 'echo done; echo "the number is 41"', "does not print\ndone"),
        ("number is ...", "numbers are ...", "does not print\nthe numbers"),
    ],
)
def test_a_page_that_lies_is_caught(tmp_path: Path, old: str, new: str, why: str) -> None:
    assert old in PAGE
    with pytest.raises(AssertionError, match=why):
        list(run(write(tmp_path, PAGE.replace(old, new)), tmp_path, {}))
