"""Parts of scripts/link-el2: what can be tested without a linker."""
