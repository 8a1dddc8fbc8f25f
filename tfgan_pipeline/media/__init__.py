"""Media (kinds of samples), and the conversion, drawing and writing of their samples."""
