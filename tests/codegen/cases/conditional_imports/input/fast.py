from plain import Number
