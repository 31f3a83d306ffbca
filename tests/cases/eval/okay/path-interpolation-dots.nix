let x = ".."; in /a/b/${x}/c
