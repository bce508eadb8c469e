"""Fetching a kernel from an archive, here one of our own: what is in the entry,
a download that is interrupted and goes on, errors of one line."""

import hashlib
import http.server
import os
import signal
import subprocess
import threading
import time

import pytest

PACKAGE = "linux-image-6.12.9+deb12-cloud-arm64"
RELEASE = "6.12.9+deb12-cloud-arm64"
IMAGE = os.urandom(2 << 20)
CONTROL = """Package: {name}
Version: 6.12.9-1
Architecture: arm64
Maintainer: nobody <nobody@example.org>
Description: a kernel for a test
"""


def add_package(folder, name, release, image):
    tree = folder / "tree"
    for path, data in (
        ("DEBIAN/control", CONTROL.format(name=name).encode()),
        (f"boot/vmlinuz-{release}", image),
        (f"boot/config-{release}", b"CONFIG_MODULES=y\n"),
        (f"lib/modules/{release}/modules.builtin", b"kernel/fs/ext4/ext4.ko\n"),
        (f"lib/modules/{release}/modules.order", b""),
    ):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(data)
    deb = folder / f"{name}.deb"
    subprocess.run(["dpkg-deb", "-Znone", "-b", tree, deb], check=True, capture_output=True)
    subprocess.run(["rm", "-r", tree], check=True)
    data = deb.read_bytes()
    with open(folder / "Packages", "a", encoding="ascii") as index:
        index.write(
            f"{CONTROL.format(name=name)}Filename: ./{deb.name}\n"
            f"Size: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n\n"
        )


class Archive(http.server.SimpleHTTPRequestHandler):
    """Serves files with ranges. While `stall` is set a package stops half way
    and that event is told."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server, path = self.server, self.translate_path(self.path)
        if not os.path.isfile(path):
            self.send_error(404)
            return
        with open(path, "rb") as file:
            data = file.read()
        wanted = self.headers.get("Range", "bytes=0-")
        start = int(wanted[6:].partition("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        if start:
            self.send_header(
                "Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}"
            )
        self.end_headers()
        if path.endswith(".deb"):
            server.starts.append(start)
            if server.stall.is_set():
                self.wfile.write(data[start : len(data) // 2])
                self.wfile.flush()
                server.stalled.set()
                server.done.wait(60)
                return
        self.wfile.write(data[start:])

    def log_message(self, *_):
        pass


@pytest.fixture
def archive(tmp_path):
    folder = tmp_path / "www/debian"
    folder.mkdir(parents=True)
    add_package(folder, PACKAGE, RELEASE, IMAGE)
    add_package(folder, "linux-image-6.1.0-9-arm64", "6.1.0-9-arm64", b"generic")
    add_package(folder, "linux-image-6.1.0-10-arm64", "6.1.0-10-arm64", b"newer")
    add_package(folder, "linux-image-6.1.0-11-cloud-arm64", "6.1.0-11-cloud-arm64", b"")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *a: Archive(*a, directory=tmp_path / "www")
    )
    server.handle_error = lambda *_: None  # who hangs up is killed on purpose
    server.starts, server.folder = [], folder
    server.stall, server.stalled, server.done = (threading.Event() for _ in range(3))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/sources.list").write_text(
        f"deb [trusted=yes] http://127.0.0.1:{server.server_port}/debian ./\n"
    )
    yield server
    server.done.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetch(root, tmp_path, archive):
    def begin(name, wrap=(), **env):
        return subprocess.Popen(
            [*wrap, f"{root}/scripts/fetch-kernel", name],
            env={
                "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
                "PLINTH_CACHE": str(tmp_path / "cache"),
                "PLINTH_APT_ETC": str(tmp_path / "etc"),
                "no_proxy": "127.0.0.1",
                **env,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    begin.cache = tmp_path / "cache"
    return begin


def test_kernel_entry_is_whole(fetch):
    out, err = fetch("debian-6.12-cloud").communicate()
    entry = fetch.cache / "kernel-debian-6.12-cloud"
    assert out == f"{entry}\n", err
    assert (entry / "version").read_text() == f"{RELEASE}\n"
    assert (entry / "package").read_text() == f"{PACKAGE}_6.12.9-1\n"
    assert (entry / "Image").read_bytes() == IMAGE
    assert (entry / "modules/modules.dep").exists(), "no depmod"
    assert "100 %" in err, "no progress"
    assert fetch("debian-6.12-cloud").communicate() == (out, ""), "made again"


def test_newest_of_the_series_and_flavour_is_taken(fetch):
    out, _ = fetch("debian-6.1-generic").communicate()
    with open(f"{out.strip()}/Image", encoding="ascii") as image:
        assert image.read() == "newer"


@pytest.mark.parametrize("name", ["debian-6.12", "6.12-cloud", "debian-6.12-tiny", "../x"])
def test_name_of_no_kernel(fetch, name):
    done = fetch(name)
    _, err = done.communicate()
    assert done.returncode != 0
    assert len(err.splitlines()) == 1 and "is no debian-SERIES-FLAVOUR" in err


def test_kernel_that_the_archive_lacks(fetch):
    done = fetch("debian-6.9-cloud")
    _, err = done.communicate()
    assert done.returncode != 0
    assert "no package is named" in err.splitlines()[-1]
    assert not list(fetch.cache.glob("kernel-*"))


def test_interrupted_download_leaves_no_entry_and_goes_on(fetch, archive):
    archive.stall.set()
    first = fetch("debian-6.12-cloud")
    assert archive.stalled.wait(60)
    kept = fetch.cache / "downloads" / f"{PACKAGE}_6.12.9-1_arm64.deb"
    for _ in range(600):
        if kept.exists() and kept.stat().st_size:
            break
        time.sleep(0.1)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert not list(fetch.cache.glob("kernel-*"))
    size = kept.stat().st_size
    archive.stall.clear()
    archive.done.set()
    out, err = fetch("debian-6.12-cloud").communicate()
    assert out, err
    assert archive.starts[-1] == size, "began from the start"
    entry = fetch.cache / "kernel-debian-6.12-cloud"
    assert (entry / "Image").read_bytes() == IMAGE
    assert not list(fetch.cache.glob(".new-*"))
    assert not list((fetch.cache / "downloads").glob("*.deb*"))


def test_damaged_download_is_refused_and_made_again(fetch, archive):
    deb = archive.folder / f"{PACKAGE}.deb"
    good = deb.read_bytes()
    deb.write_bytes(good[:-1] + b"?")
    done = fetch("debian-6.12-cloud")
    _, err = done.communicate()
    assert done.returncode != 0
    assert f"cannot download {PACKAGE}" in err.splitlines()[-1]
    assert not list(fetch.cache.glob("kernel-*"))
    deb.write_bytes(good)
    assert fetch("debian-6.12-cloud").communicate()[0]


def test_full_disk_is_told_in_one_line(fetch):
    full = fetch.cache
    full.mkdir()
    inside = f'mount -t tmpfs -o size=3m tmpfs {full} && "$@"; s=$?; ls {full}; exit $s'
    wrap = ("unshare", "--mount", "--map-root-user", "sh", "-c", inside, "sh")
    done = fetch("debian-6.12-cloud", wrap=wrap)
    out, err = done.communicate()
    if "unshare failed" in err or "must be superuser" in err:
        pytest.skip("this machine lets nobody mount")
    assert done.returncode != 0
    last = err.splitlines()[-1]
    assert last.startswith("fetch-kernel: ") and "No space left on device" in last
    assert "kernel-debian" not in out


def test_only_the_cache_is_asked_when_told_so(fetch, archive):
    done = fetch("debian-6.12-cloud", PLINTH_CACHED_ONLY="1")
    _, err = done.communicate()
    assert done.returncode != 0
    assert err == "fetch-kernel: not in the cache: kernel-debian-6.12-cloud\n"
    assert not archive.starts
