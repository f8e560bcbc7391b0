"""Where bars come from: one file per source, each implementing `base.Source`."""
