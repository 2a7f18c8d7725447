"""What the logged times say: pulses against the TR, and the page that shows a run's timing."""
