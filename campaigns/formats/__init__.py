"""What leaves the house: platform specs, names, codes, manifests and packages. Pure; no Django."""
