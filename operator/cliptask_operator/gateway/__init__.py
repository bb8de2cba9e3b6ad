"""What does the API of the older HTTP service answer here? Its requests become ClipTasks. Imports everything below, and none of cli, controller and local."""
