"""Two replicas of the app under /lab behind nginx or Caddy, with the configuration that docs/deploy gives."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFIGURATIONS = ROOT / "docs" / "deploy"
START_SECONDS = 90

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    include /etc/nginx/mime.types; access_log off;
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    include {folder}/lab.conf;
}}
"""


@dataclass
class Replica:
    """One server of the app, under /lab."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it listens."""
        environment = os.environ | {
            "STREAMLIT_SERVER_BASE_URL_PATH": "lab",
            "STREAMLIT_SERVER_COOKIE_SECRET": "the same in every replica",
            "LOOKAHEAD_DATA": str(self.folder),
            "OMP_NUM_THREADS": "1",
        }
        command = [sys.executable, "-m", "app.cli", "app", "--port", str(self.port)]
        with (self.folder / f"{self.port}.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)

    def await_health(self) -> None:
        """Return when it answers."""
        await_answer(f"http://127.0.0.1:{self.port}/lab/_stcore/health")

    def sessions(self) -> int:
        """Visitors whose websockets it holds."""
        metrics = (
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/lab/_stcore/metrics", timeout=10).read().decode()
        )
        (count,) = [line.split()[-1] for line in metrics.splitlines() if line.startswith("active_sessions ")]
        return int(float(count))

    def stop(self, kill: bool = False) -> None:
        """End it, at once if asked to."""
        if self.process is not None:
            self.process.kill() if kill else self.process.terminate()
            self.process.wait(timeout=20)


@dataclass
class Proxy:
    """nginx or Caddy before the replicas. `frames` are origins whose pages may show the app in a frame."""

    kind: str
    port: int
    folder: Path
    replicas: list[Replica]
    frames: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Of the app behind it."""
        return f"http://127.0.0.1:{self.port}/lab"

    def start(self) -> None:
        """Start it, and return when the app answers through it."""
        command, environment = getattr(self, f"_{self.kind}")()
        with (self.folder / f"{self.kind}.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)
        await_answer(f"{self.url}/_stcore/health")

    def stop(self) -> None:
        """End it, with every connection through it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)

    def _nginx(self) -> tuple[list[str], dict[str, str]]:
        text = (CONFIGURATIONS / "nginx.conf").read_text().replace("listen 80;", f"listen 127.0.0.1:{self.port};")
        for number, replica in enumerate(self.replicas, start=1):
            text = text.replace(f"lab-{number}:8501", f"127.0.0.1:{replica.port}")
        (self.folder / "lab.conf").write_text(
            text.replace("frame-ancestors 'self'", f"frame-ancestors 'self' {self.frames}")
        )
        (self.folder / "nginx.conf").write_text(NGINX.format(folder=self.folder))
        return ["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e", "stderr"], {}

    def _caddy(self) -> tuple[list[str], dict[str, str]]:
        addresses = " ".join(f"127.0.0.1:{replica.port}" for replica in self.replicas)
        settings = {
            "LAB_SITE": f"http://127.0.0.1:{self.port}", "LAB_REPLICAS": f"to {addresses}", "LAB_FRAMES": self.frames,
            "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder),
        }  # fmt: skip
        text = "{\n\tadmin off\n\tauto_https off\n}\n" + (CONFIGURATIONS / "Caddyfile").read_text()
        (self.folder / "Caddyfile").write_text(text)
        return ["caddy", "run", "--config", str(self.folder / "Caddyfile"), "--adapter", "caddyfile"], settings


def missing(kind: str) -> bool:
    """Whether the proxy is not on this machine."""
    return shutil.which(kind, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None


def await_answer(url: str) -> None:
    """Return when there is an answer at a URL.

    Raises:
        TimeoutError: there is none for a minute and a half.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=3)
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(f"no answer at {url}")
