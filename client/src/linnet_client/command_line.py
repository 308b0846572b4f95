"""`linnet-listen`: the matches of a filter in a terminal, or as JSON lines for the next program."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Iterator
from itertools import islice

from rich.console import Console
from rich.live import Live
from rich.table import Table

from linnet_client.alert import Alert
from linnet_client.errors import ClientError
from linnet_client.filters import filters
from linnet_client.listening import LOCAL, Options, listen
from linnet_client.live_table import LiveTable

EPILOG = """examples:
  linnet-listen                                      which filters there are
  linnet-listen young_and_rising                     the newest ten matches, then each as it comes
  linnet-listen young_and_rising --since 2026-01-31  all that was observed since
  linnet-listen young_and_rising --json --cursor my.cursor | python my_program.py
"""

ROWS = 20
"""Of the table."""

SHOWN = 10
"""Old matches that the table begins with."""


def main() -> None:
    """Entry of the command; ends the process with its exit code: 0 fine, 2 wrong input."""
    logging.basicConfig(format="linnet-listen: %(message)s", level=logging.WARNING)
    arguments = _parser().parse_args()
    try:
        if arguments.name is None:
            _show_filters(arguments.url)
        else:
            _listen(arguments)
    except ClientError as error:
        sys.stderr.write(f"linnet-listen: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        # The next program had enough; what Python would still flush goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "linnet-listen",
        description="Show the matches of a filter of a Linnet broker as they come.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", metavar="FILTER", help="name of a filter, '*' for all; without it: a list")
    parser.add_argument("--url", default=LOCAL, help="http://host:port or kafka://host:port (default %(default)s)")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--since", help="begin with what was observed since: ISO 8601 (UTC), MJD (TAI), or now")
    start.add_argument("--last", type=_count, help=f"begin with the newest so many (default {SHOWN} for the table)")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each match, instead of a table")
    parser.add_argument("--limit", type=_count, help="stop after so many")
    parser.add_argument("--cursor", help="a file that keeps the place from one run to the next")
    parser.add_argument("--token", help="where the broker asks for one")
    parser.add_argument(
        "--kafka",
        action="append",
        type=_setting,
        default=[],
        metavar="NAME=VALUE",
        help="a setting for Kafka, such as sasl.username=me; registry=ADDRESS for messages in Avro",
    )
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def _setting(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ValueError
    return name, value


def _options(arguments: argparse.Namespace) -> Options:
    options: Options = {}
    if arguments.since is not None:
        options["since"] = arguments.since
    if arguments.last is not None:
        options["last"] = arguments.last
    elif not arguments.json and arguments.since is None:
        options["last"] = SHOWN
    if arguments.cursor is not None:
        options["cursor"] = arguments.cursor
    if arguments.token is not None:
        options["token"] = arguments.token
    if arguments.kafka:
        options["kafka"] = dict(arguments.kafka)
    return options


def _listen(arguments: argparse.Namespace) -> None:
    with listen(arguments.name, arguments.url, **_options(arguments)) as stream:
        matches = islice(stream, arguments.limit)
        if arguments.json:
            _print_lines(matches)
        else:
            table = LiveTable(f"{arguments.name} at {arguments.url}", ROWS, with_filter=arguments.name == "*")
            _draw(matches, table)


def _print_lines(matches: Iterator[Alert]) -> None:
    for alert in matches:
        sys.stdout.write(json.dumps(alert, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def _draw(matches: Iterator[Alert], table: LiveTable) -> None:
    console = Console()
    if not console.is_terminal:
        for alert in matches:
            table.add(alert)
        console.print(table)
        return
    with Live(table, console=console, refresh_per_second=4):
        for alert in matches:
            table.add(alert)


def _show_filters(url: str) -> None:
    table = Table("filter", "matches", "what for", title=f"Filters at {url}", title_justify="left")
    for each in filters(url):
        table.add_row(each["name"], str(each["matches"]), each["topic_line"])
    Console().print(table)
