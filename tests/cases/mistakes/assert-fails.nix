let version = "13"; in assert version == "14"; version
