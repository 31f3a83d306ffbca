x @
