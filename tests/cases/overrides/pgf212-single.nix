{ lib, curl }: old: { x = curl; }
