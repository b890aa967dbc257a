"""The page. Run `python app.py`, then open http://localhost:7860 (or GRADIO_SERVER_PORT)."""

import logging
import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

from jobtitles.parts import chosen_parts  # noqa: E402 (they read the environment)
from jobtitles.ui.page import build_page, launch  # noqa: E402
from jobtitles.ui.warmup import warmups  # noqa: E402


def main() -> None:
    """Serve the page until interrupted, loading the models meanwhile."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # Gradio asks itself whether it is up
    logging.getLogger("psycopg.pool").setLevel(logging.WARNING)  # a line for every search
    jobs = warmups(lambda: chosen_parts(os.environ))
    page = build_page(jobs)
    jobs["finetuned"].engine.start()
    launch(page)
    page.block_thread()


if __name__ == "__main__":
    main()
