"""Why a request goes where it goes, told of one in a file: the route stage's own way, and words for what it found."""
