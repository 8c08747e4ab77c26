"""Held-out dialogues with computed answers: does a model know what time has done?"""
