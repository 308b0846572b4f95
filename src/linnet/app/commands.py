"""All commands; those that write are here, the others in the files named `..._commands`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linnet import __version__
from linnet.app import (
    area_commands,
    catalog_commands,
    dead_commands,
    filter_commands,
    filter_test_commands,
    filter_why_commands,
    load_commands,
    look_commands,
    rerun_commands,
    route_commands,
    run_commands,
    score_command,
    simulate_commands,
    taping_commands,
    watchlist_commands,
)
from linnet.app.account import show_account, show_run
from linnet.app.config import home_path, settings
from linnet.app.console import OK, WRONG, HomeOption, JsonOption, out, show_json
from linnet.app.home import create
from linnet.errors import InputError

app = typer.Typer(
    name="linnet",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="An astronomical alert broker: every alert accounted for, filters anyone can write.",
)
new_app = typer.Typer(no_args_is_help=True, help="Start something new in a checkout of Linnet.")
app.add_typer(area_commands.app, name="area")
app.add_typer(catalog_commands.app, name="catalogs")
app.add_typer(dead_commands.app, name="dead")
filter_commands.app.command("test")(filter_test_commands.tried)
filter_commands.app.command("why")(filter_why_commands.why)
app.add_typer(filter_commands.app, name="filter")
app.add_typer(new_app, name="new")
app.add_typer(route_commands.app, name="route")
app.add_typer(watchlist_commands.app, name="watchlist")
load_commands.register(app)
look_commands.register(app)
rerun_commands.register(app)
run_commands.register(app)
score_command.register(app)
simulate_commands.register(app)
taping_commands.register(app)


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """An astronomical alert broker: every alert accounted for, filters anyone can write."""
    if version:
        typer.echo(f"linnet {__version__}")
        raise typer.Exit(OK)


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, tar archives of packets, *.arrow recordings.")],
    home: HomeOption = None,
    as_found: Annotated[
        bool, typer.Option("--as-found", help="Keep the order of the files instead of taking nights in order.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Take packets into the home: decode, enrich, filter, store, deliver, account."""
    from linnet.app.ingest import ingest as run
    from linnet.app.ingest import require

    place = home_path(home)
    require(tuple(paths))
    taken = run(create(place), settings(place), tuple(paths), as_found=as_found)
    if as_json:
        show_json(taken.as_dict())
    else:
        show_run(taken)
        show_account(taken.home)
    if taken.received and not taken.decoded and all(path.is_file() for path in paths):
        named = str(paths[0]) if len(paths) == 1 else f"these {len(paths)} files"
        raise InputError(f"no alert is in {named}; the bytes are kept, `linnet dead list` says what is wrong with them")
    raise typer.Exit(OK if taken.home.ok else WRONG)


@app.command()
def demo(
    home: HomeOption = None,
    samples: Annotated[Path | None, typer.Option(help="Folder of packets (default: Linnet's own samples).")] = None,
) -> None:
    """Run Linnet's sample packets, real ones, through the whole corridor; then a simulated night, scored by its truth.

    With packets of your own nothing is simulated.
    """
    from linnet.app.demo import demo as run

    place = home_path(home)
    found = run(place, samples)
    show_account(found)
    good = found.ok
    if samples is None:
        good = _simulated(place) and good
    out.print(f"look at it:  linnet serve --home {place}", highlight=False, soft_wrap=True)
    raise typer.Exit(OK if good else WRONG)


def _simulated(demo_home: Path) -> bool:
    """The simulated night of the demo: what the filters find of it; gives whether its account is right."""
    from linnet.app.demo_night import FOLDER, simulated_night
    from linnet.app.score_command import show

    account, found = simulated_night(demo_home)
    out.print(f"\na simulated night of ZTF, in {demo_home / FOLDER}:", highlight=False, soft_wrap=True)
    show(found)
    return account.ok


@app.command()
def serve(
    home: HomeOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes one that is free.")
    ] = None,
) -> None:
    """Serve the API and the pages of a home, also while `linnet ingest` writes to it."""
    from linnet.app.serve import serve as run

    run(home_path(home), host, port)


@app.command()
def warmup() -> None:
    """Compile and load what the first run would otherwise wait for."""
    from linnet.app.warmup import warmup as run

    for name, seconds in run().items():
        out.print(f"{name:<40} {seconds:6.2f} s", highlight=False)


@new_app.command("module")
def new_module(
    name: Annotated[str, typer.Argument(help="snake_case name of the module and prefix of its columns.")],
    root: Annotated[Path, typer.Option(help="Checkout of Linnet.")] = Path(),
) -> None:
    """Write a science module and its test: two files that pass every check as they are."""
    from linnet.operations.module_template import write_module

    for path in write_module(root, name):
        out.print(f"wrote {path}", highlight=False, soft_wrap=True)
