"""One page to send: a run's question, answer, figures and questions in a single HTML file."""

from scaling_cli.reporting.answered import Budget
from scaling_cli.reporting.data import Wanted, report_data
from scaling_cli.reporting.page import to_html, write_page

__all__ = ["Budget", "Wanted", "report_data", "to_html", "write_page"]
