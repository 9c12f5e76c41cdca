COMPILER: str
FLAGS: str
IS_ABI3: bool
HAS_CLONES: bool
