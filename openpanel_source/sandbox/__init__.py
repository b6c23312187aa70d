"""A local server that answers like OpenPanel's Export API, to try and test things on."""

from openpanel_source.sandbox.dataset import Dataset, load_dataset
from openpanel_source.sandbox.demo.generate import generate
from openpanel_source.sandbox.sandbox import Sandbox

__all__ = ["Dataset", "Sandbox", "generate", "load_dataset"]
