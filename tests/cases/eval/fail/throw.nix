throw "gone"
