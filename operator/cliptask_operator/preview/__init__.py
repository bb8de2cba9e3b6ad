"""What is a campaign like before any of its videos is made? A page on this machine plays every combination, and follows the file."""
