"""import_dataset: reads labelled data of any known format into the dataset that every later step reads."""
