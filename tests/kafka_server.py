"""A real Kafka for tests: one broker in a process group of its own, on free ports, known by its process id."""

from __future__ import annotations

import base64
import os
import secrets
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    NewPartitions,
    NewTopic,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

import services
from services import SERVICES

USER, PASSWORD = "alice", "right-horse"
_FORMAT = ("java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_SERVE = ("java", "-Xmx512m", "-Xms512m", "-XX:+UseG1GC", "-Djava.awt.headless=true")
_READY = 60.0


@dataclass
class KafkaServer:
    """One broker (KRaft) with a listener without and two with passwords (SCRAM-SHA-512), the second over TLS.

    A fourth one, at the port `far`, sends its clients to the port `wire`, where a test puts a proxy in between.

    Attributes:
        folder: its data, settings and log; made by `format`.
        jars: folder of its archives.
    """

    folder: Path
    jars: Path
    ports: dict[str, int] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Address without a password."""
        return f"127.0.0.1:{self.ports['plain']}"

    @property
    def with_password(self) -> str:
        """Address that wants a user and a password."""
        return f"127.0.0.1:{self.ports['sasl']}"

    @property
    def with_tls(self) -> str:
        """The same over TLS; its certificate is `certificate`."""
        return f"127.0.0.1:{self.ports['tls']}"

    @property
    def by_wire(self) -> str:
        """Address of a proxy to the port `far`, without a password."""
        return f"127.0.0.1:{self.ports['wire']}"

    @property
    def certificate(self) -> Path:
        """What a client trusts."""
        return self.folder / "certificate.pem"

    @property
    def pid(self) -> int:
        """Process id of the broker."""
        assert self.process is not None
        return self.process.pid

    def format(self) -> None:
        """Make the folder of a new cluster with the one user that there is."""
        self.folder.mkdir(parents=True)
        self.ports = dict(zip(("plain", "sasl", "tls", "far", "wire", "controller"), free_ports(6), strict=True))
        template = (SERVICES / "kafka" / "server.properties.template").read_text(encoding="utf-8")
        places = {"data": self.folder / "data", "keystore": self.folder / "keys.p12"}
        (self.folder / "server.properties").write_text(template.format(**self.ports, **places), encoding="utf-8")
        # A name that begins with "-" would be read as an option.
        cluster = "k" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        user = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
        made = [*_FORMAT, "-cp", f"{self.jars}/*", "kafka.tools.StorageTool", "format", "-t", cluster]
        with subprocess.Popen(
            [*made, "-c", str(self.folder / "server.properties"), "--add-scram", user], stdout=subprocess.DEVNULL
        ) as formatting:
            self._make_keys()
        assert formatting.returncode == 0

    def start(self) -> None:
        """Start, and return when it answers."""
        assert self.process is None
        log4j = SERVICES / "kafka" / "log4j2.properties"
        options = [f"-Dlog4j2.configurationFile={log4j}", f"-Dkafka.logs.dir={self.folder}"]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*_SERVE, *options, "-cp", f"{self.jars}/*", "kafka.Kafka", str(self.folder / "server.properties")],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self._answers, _READY)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kill and start again."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """Stop its process without ending it: connections stay open and nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        os.kill(self.pid, signal.SIGCONT)

    def create(self, topic: str, partitions: int = 1, **settings: str) -> None:
        """Make a topic; `settings` are Kafka's own with "_" for "."."""
        config = {name.replace("_", "."): value for name, value in settings.items()}
        self._ask(lambda admin: admin.create_topics([NewTopic(topic, partitions, 1, config=config)])[topic])
        until(lambda: len(_leaders(self.admin(), topic)) == partitions, 10)

    def widen(self, topic: str, partitions: int) -> None:
        """Give a topic more partitions."""
        self._ask(lambda admin: admin.create_partitions([NewPartitions(topic, partitions)])[topic])

    def delete(self, topic: str) -> None:
        """Delete a topic, and return when it is gone."""
        self._ask(lambda admin: admin.delete_topics([topic])[topic])
        until(lambda: topic not in self.admin().list_topics(timeout=5).topics, 10)

    def truncate(self, topic: str, partition: int, offset: int) -> None:
        """Delete everything before an offset, as retention does."""
        place = TopicPartition(topic, partition, offset)
        self._ask(lambda admin: admin.delete_records([place])[place])

    def add_user(self, name: str, password: str) -> None:
        """Add a user, or give one another password."""
        secret = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        change = UserScramCredentialUpsertion(name, secret, password.encode())
        self._ask(lambda admin: admin.alter_user_scram_credentials([change])[name])

    def admin(self) -> AdminClient:
        """A client that may do everything."""
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def _ask(self, what: Callable[[AdminClient], object]) -> None:
        admin = self.admin()
        future = what(admin)
        future.result(timeout=20)  # type: ignore[attr-defined] # the client's futures are declared as object

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "server.log").read_text(encoding="utf-8")[-2000:])
        try:
            return bool(self.admin().list_topics(timeout=1).brokers)
        except KafkaException:
            return False

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGCONT)
            os.killpg(self.process.pid, how)
        self.process.wait(30)
        self.process = None

    def _make_keys(self) -> None:
        keys = ["-keystore", str(self.folder / "keys.p12"), "-storetype", "PKCS12", "-storepass", "test-only"]
        name = ["-alias", "broker", "-dname", "CN=localhost", "-ext", "san=ip:127.0.0.1,dns:localhost"]
        _quietly("keytool", "-genkeypair", "-keyalg", "EC", *name, *keys)
        _quietly("keytool", "-exportcert", "-rfc", "-alias", "broker", "-file", str(self.certificate), *keys)


def served(folder: Path) -> Iterator[KafkaServer]:
    """A running Kafka for a fixture; skips loudly where there is no Java or no jars, fails in CI."""
    why = services.missing("kafka")
    if why is not None:
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    with started(folder / "broker") as server:
        yield server


@contextmanager
def started(folder: Path) -> Iterator[KafkaServer]:
    """A Kafka that runs as long as the block does."""
    server = KafkaServer(folder, services.jars("kafka"))
    server.format()
    try:
        server.start()
        yield server
    finally:
        server.kill()


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on, and that no connection of another test is given before they are used.

    Systems give outgoing connections ports above 32,768: one of those is taken again before a server has started.
    """
    found: list[int] = []
    while len(found) < count:
        port = secrets.randbelow(20_000) + 11_000
        with socket.socket() as tried, suppress(OSError):
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(("127.0.0.1", port))
            found.append(port)
    return found


def until(holds: Callable[[], bool], seconds: float) -> None:
    """Wait until something holds; fails after so many seconds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def _quietly(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _leaders(admin: AdminClient, topic: str) -> list[int]:
    found = admin.list_topics(topic, timeout=5).topics[topic].partitions
    return [number for number, each in found.items() if each.leader >= 0]
