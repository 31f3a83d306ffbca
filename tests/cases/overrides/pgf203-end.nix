{ lib }:
old:
