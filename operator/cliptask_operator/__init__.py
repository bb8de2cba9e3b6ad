"""Who makes a campaign happen? Fetching, speech, local mode and the command line."""
