"""The passes of a campaign: the ways to choose what is tried. Which there are stands in `campaign`."""
