"""Does the gate find what is planted in the user's own data?"""
