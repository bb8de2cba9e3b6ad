"""Who goes first, how often, and together with whom? Small asyncio parts that know nothing of clips or clusters. Imports nothing of ours."""
