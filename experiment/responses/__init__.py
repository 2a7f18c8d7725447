"""What people press and move: keyboard, mouse, joystick, and a simulated participant's hand."""
