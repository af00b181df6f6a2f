"""From notebooks to pages: the contract of parameters, the run, the export, the files beside the page."""
