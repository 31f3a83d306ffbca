final: prev: { x = prev.x; y = final.y; }
