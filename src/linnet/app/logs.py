"""Structured logs on standard error: lines for people on a terminal, JSON lines everywhere else."""

from __future__ import annotations

import sys

import structlog


def configure() -> None:
    """Log from now on in this form, each line with its time (UTC) and level."""
    terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
