"""What a buyer's message says of what is wanted: item, quantity, size, colour, price, currency.

`reader` reads by rules, whatever model said that its author buys; `marked` completes that by what
the encoder marked in the text. The other files each know one thing: counts, sizes, names of the
lot, offers, numbers in words.
"""
