DROP TABLE skipped_numbers;
