"""Typed libvirt XML, read and write.  Imports neither libvirt nor the rest of us.

An element is a class; a property of it is declared once, with a path, and that declaration both reads and writes.
An element object is a view on a parsed tree: what nobody declared stays in the tree and survives a read and a write.
"""
