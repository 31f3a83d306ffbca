{ lib }: old: { x = with lib; [ old.name ]; }
