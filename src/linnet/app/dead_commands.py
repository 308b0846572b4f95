"""`linnet dead`: what was refused, why, and its bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from linnet.app.config import home_path, settings
from linnet.app.console import LARGEST_ID, HomeOption, JsonOption, out, show_json, show_lists, show_pairs
from linnet.app.home import existing
from linnet.app.wiring import reader
from linnet.core.json_rows import JsonRow, rows
from linnet.core.reasons import EXPLAIN, Reason
from linnet.errors import InputError

app = typer.Typer(no_args_is_help=True, help="Dead letters: what was refused, why, and its bytes.")


@app.command("list")
def list_letters(
    reason: Annotated[str | None, typer.Option(help="Only this reason code.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    after: Annotated[int, typer.Option(max=LARGEST_ID, help="Only those with a larger id.")] = 0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Dead letters by id."""
    if reason is not None and reason not in set(Reason):
        raise InputError(f"no reason {reason!r}; reasons: {', '.join(Reason)}")
    place = home_path(home)
    with reader(existing(place), settings(place)) as parts:
        found = _readable(parts.store.dead(reason, limit, after))
    if as_json:
        show_json(found)
    elif not found:
        out.print("no dead letters")
    else:
        for letter in found:
            source = f"{letter['topic']} {letter['key'] or ''}".strip()
            show_lists(
                f"{letter['dead_id']}  {letter['reason']}  {letter['size']} bytes",
                {"from": [source], "what": [str(letter["detail"])]},
            )


@app.command()
def show(
    dead_id: Annotated[int, typer.Argument(max=LARGEST_ID, help="Its id, from `linnet dead list`.")],
    save: Annotated[Path | None, typer.Option(help="Write its bytes to this file.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """One dead letter: why, where it came from, and with --save its bytes."""
    place = home_path(home)
    with reader(existing(place), settings(place)) as parts:
        letter = parts.store.dead_letter(dead_id)
    value = letter.column("value")[0].as_py() or b""
    if save is not None:
        save.write_bytes(value)
    found = _readable(letter.drop_columns(["value"]))[0]
    found["bytes"] = len(value)
    found["meaning"] = EXPLAIN[Reason(str(found["reason"]))]
    if as_json:
        show_json(found)
    else:
        show_pairs(found)


@app.command()
def retry(
    reason: Annotated[str, typer.Option(help="Dead letters of this reason code.")] = Reason.UNKNOWN_SCHEMA,
    accept: Annotated[
        list[int] | None,
        typer.Option(help="Accept the registry's schema of this id, also of a major version unknown here; repeatable."),
    ] = None,
    wait: Annotated[float, typer.Option(min=0.0, help="Seconds to wait for a broker that runs on the home.")] = 60.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Offer dead letters again that can be read now, e.g. since their schema is there, and account for them anew.

    Where a broker runs on the home, it does so itself, between its batches.
    """
    from linnet.app.retrying import retry as run

    place = home_path(home)
    done = run(existing(place), settings(place), reason, tuple(accept or ()), wait)
    if as_json:
        show_json(done.as_dict())
    else:
        for sentence in done.sentences():
            out.print(sentence, highlight=False, soft_wrap=True)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Recording to write, e.g. dead.arrow; `linnet ingest` takes it.")],
    reason: Annotated[str | None, typer.Option(help="Only this reason code.")] = None,
    home: HomeOption = None,
) -> None:
    """Write the messages that were refused as a whole to a recording, as they came."""
    from linnet.app.retrying import export as run

    if reason is not None and reason not in set(Reason):
        raise InputError(f"no reason {reason!r}; reasons: {', '.join(Reason)}")
    place = home_path(home)
    count = run(existing(place), settings(place), reason, file)
    out.print(f"{file}: {count} messages", highlight=False, soft_wrap=True)


def _readable(table: pa.Table) -> list[JsonRow]:
    """Rows as JSON, the message key (a file name or the key of a topic) as text."""
    keys = [None if k is None else k.decode("utf-8", "backslashreplace") for k in table.column("key").to_pylist()]
    place = table.schema.get_field_index("key")
    return rows(table.set_column(place, "key", pa.array(keys, pa.string())))
