"""Reports: panels that heads return, and pages that show a run or a caption job."""
