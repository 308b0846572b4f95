"""Requests to a running broker in control.db: dead letters to be offered again, and its answers."""

from __future__ import annotations

import sqlite3


def ask(connection: sqlite3.Connection, reason: str, now: str) -> int:
    """Write a request down; gives its number."""
    row = connection.execute("INSERT INTO retry (reason, asked) VALUES (?, ?) RETURNING number", (reason, now))
    return int(row.fetchone()[0])


def waiting(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    """Number and reason of those without an answer, in order."""
    return connection.execute("SELECT number, reason FROM retry WHERE answer IS NULL ORDER BY number").fetchall()


def answer(connection: sqlite3.Connection, number: int, text: str, now: str) -> None:
    """Answer one; the first answer stays."""
    connection.execute(
        "UPDATE retry SET answer = ?, answered = ? WHERE number = ? AND answer IS NULL", (text, now, number)
    )


def answered(connection: sqlite3.Connection, number: int) -> str | None:
    """The answer, if there is one."""
    row = connection.execute("SELECT answer FROM retry WHERE number = ?", (number,)).fetchone()
    return None if row is None else row[0]
