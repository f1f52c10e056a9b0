"""Metadata of a zarr that are no file, too long, or never come."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import zarr

from napari_colorquant.core.compute import bounded
from napari_colorquant.core.compute.bounded import bounded_store
from napari_colorquant.core.image.array_ref import ZarrPlace
from napari_colorquant.files.slides.open import open_slide


@contextmanager
def served(answer):
    """Answer every request; give the address and what was sent."""
    sent, stop = [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            with suppress(OSError):  # who asked has gone
                answer(self, sent, stop)

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/a.zarr", sent
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()


def endless(handler, sent, stop):
    handler.send_response(200)
    handler.end_headers()
    while not stop.is_set():
        handler.wfile.write(b" " * 2**16)
        sent.append(2**16)


def silent(handler, sent, stop):
    stop.wait(60)


def from_folder(folder):
    def answer(handler, sent, stop):
        path = folder / handler.path.removeprefix("/a.zarr/")
        found = path.is_file()
        data = path.read_bytes() if found else b""
        handler.send_response(200 if found else 404)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(data)

    return answer


READERS = {
    "slide": lambda source: open_slide(source).__enter__(),
    "worker": lambda source: ZarrPlace(str(source), "").open(),
}
# zarr asks for several at once, in no order.
TOO_LONG = r"its metadata \S+ are longer than 1 MB, which no image has"


@pytest.mark.parametrize("read", READERS)
def test_metadata_on_disk_that_are_too_long_are_not_read(tmp_path, monkeypatch, read):
    with (tmp_path / "zarr.json").open("wb") as stream:
        stream.truncate(2**43)  # it takes no room on the disk, but all memory
    monkeypatch.setattr(bounded, "MOST_BYTES", 2**20)
    with pytest.raises(ValueError, match=TOO_LONG):
        READERS[read](tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("read", READERS)
def test_metadata_that_are_no_file_are_not_read(tmp_path, read):
    os.mkfifo(tmp_path / "zarr.json")
    with pytest.raises(ValueError, match=r"its metadata zarr\.json are no file"):
        READERS[read](tmp_path)


@pytest.mark.parametrize("read", ["slide", "worker"])
def test_metadata_from_an_address_that_never_end(monkeypatch, read):
    monkeypatch.setattr(bounded, "MOST_BYTES", 2**20)
    with served(endless) as (address, sent):
        with pytest.raises(ValueError, match=TOO_LONG):
            READERS[read](address)
        assert sum(sent) < 2**26  # what the sockets between had room for


@pytest.mark.parametrize("read", ["slide", "worker"])
def test_an_address_that_never_answers(monkeypatch, read):
    monkeypatch.setattr(bounded, "SECONDS", 0.2)
    with served(silent) as (address, _):
        sentence = r"its metadata \S+ did not come within 0\.2 seconds"
        with pytest.raises(ValueError, match=sentence):
            READERS[read](address)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_an_honest_zarr_is_read_as_it_is(tmp_path, zarr_format):
    image = np.arange(30, dtype="u2").reshape(5, 6)
    group = zarr.create_group(tmp_path / "a", zarr_format=zarr_format)
    group.create_array("x", data=image)
    with served(from_folder(tmp_path / "a")) as (address, _):
        for source in (tmp_path / "a", address):
            read = zarr.open(bounded_store(source), mode="r")
            assert np.array_equal(read["x"][:], image)
            assert "y" not in read
