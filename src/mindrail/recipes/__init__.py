"""One function per verb: each reads artefacts and writes the next. Printing is the command line's business."""
