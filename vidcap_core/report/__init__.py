"""Reports: pages that show a run or a caption job."""
