"""From a text to pixels: shaped, broken into lines, fitted and coloured, in any script. Imports nothing but the contract."""
