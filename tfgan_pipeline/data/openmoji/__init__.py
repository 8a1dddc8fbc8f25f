"""The pictures of OpenMoji as data: pairs, domains and skin tones, drawn from a Python package."""
