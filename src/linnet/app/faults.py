"""How a fault of a command is told: one line that says what to do, and an exit code that a script can use."""

from __future__ import annotations

import sys

import structlog
import typer

from linnet.app.commands import app
from linnet.app.config import arm_failpoint
from linnet.app.console import OK, STORAGE, USAGE, err, exit_code
from linnet.errors import LinnetError


def run() -> int:
    """Run the command that the arguments name; gives the exit code once its fault, if any, has been told."""
    # Standard output is for what a command answers; warnings would spoil its JSON.
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(sys.stderr))
    try:
        arm_failpoint()
        code = int(app(standalone_mode=False) or OK)
        sys.stdout.flush()
    except LinnetError as error:
        return _tell(str(error), exit_code(error))
    except typer.TyperException as error:
        return _tell(_usage(error), USAGE)
    except typer.Abort:
        return _tell("stopped", USAGE)
    except BrokenPipeError:
        return OK
    except OSError as error:
        return _tell(f"{error.filename or 'the system'}: {error.strerror or error}", STORAGE)
    return code


def _usage(error: typer.TyperException) -> str:
    """What is wrong with the arguments, and where help is."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "linnet"
    return f"{error.format_message().rstrip('.')}: `{command} --help` tells more"


def _tell(line: str, code: int) -> int:
    err.print(f"linnet: {' '.join(line.split())}", style="red", highlight=False, soft_wrap=True, markup=False)
    return code
