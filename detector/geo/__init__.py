"""Pure geometry: WGS-84, attitudes, the camera model, terrain, footprints, ellipses. No input or output but grids."""
