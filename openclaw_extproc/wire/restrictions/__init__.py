"""What vendors refuse: values that are too long, parameters that a model does not take, flags that nobody knows there.

Tables with their sources, and what is done about each row. A request that is translated is made to fit wherever it
goes; one in the provider's own format is changed only where the vendor would answer 400, which is at the vendor's own
address. Everything that is changed is named as a loss.
"""
