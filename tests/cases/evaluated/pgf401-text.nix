{ lib }: lib.const "no attributes"
