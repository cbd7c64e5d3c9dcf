"""Lightness as old film saw it: the photographs that people want coloured are not of today.

Film before about 1930 hardly saw red (orthochromatic) or nothing but blue; prints fade, negatives
have grain, lenses are soft, and what was kept in a box has scratches. All of it acts on the
lightness that the network sees, never on the colours that it is to predict.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, UInt8

from cic_jax import lab

# Shares of red, green and blue light that three kinds of film see.
PANCHROMATIC = (0.3, 0.5, 0.2)
ORTHOCHROMATIC = (0.02, 0.58, 0.4)
BLUE_SENSITIVE = (0.0, 0.1, 0.9)
CONTRAST = 0.3  # standard deviation of the logarithm of the tone curve's exponent
FADED = 0.2  # the most that black rises or white falls, of the whole range
GRAIN = 4.0  # the largest standard deviation, in units of L
SOFT = 1.2  # the largest standard deviation of the blur, in pixels
SCRATCHES, SCRATCHED = 3, 0.3  # the most per photograph; share of the photographs with any

Lightness = Float[Array, "b h w 1"]


def see(key: Key[Array, ""], photos: UInt8[Array, "b h w 3"], share: float) -> Lightness:
    """Compute L in [0, 100] of photographs: a `share` of them as old film saw them."""
    chosen, *keys = jax.random.split(key, 6)
    rgb = photos.astype(jnp.float32) / 255
    true = lab.rgb_to_lab(rgb)[..., :1]
    L = expose(keys[0], lab.linearise(rgb))
    L = develop(keys[1], L)
    L = soften(keys[2], L)
    L = jnp.clip(add_grain(keys[3], L), 0, 100)
    L = scratch(keys[4], L)
    old = jax.random.bernoulli(chosen, share, (len(photos), 1, 1, 1))
    return jnp.where(old, L, true)


def expose(key: Key[Array, ""], linear: Float[Array, "b h w 3"]) -> Lightness:
    """Mix linear red, green and blue as a random film does, and convert to L."""
    kinds = jnp.array([PANCHROMATIC, ORTHOCHROMATIC, BLUE_SENSITIVE])
    shares = jax.random.dirichlet(key, jnp.array([1.0, 1.0, 0.3]), (len(linear),)) @ kinds
    light = jnp.einsum("bhwc,bc->bhw", linear, shares, precision=jax.lax.Precision.HIGHEST)
    return lab.lightness(light)[..., None]


def develop(key: Key[Array, ""], L: Lightness) -> Lightness:
    """Bend the tones by a random exponent, lift black and lower white."""
    keys = jax.random.split(key, 3)
    shape = (len(L), 1, 1, 1)
    exponent = jnp.exp(CONTRAST * jax.random.normal(keys[0], shape))
    black, white = (FADED * jax.random.uniform(k, shape) ** 2 for k in keys[1:])
    tones = jnp.maximum(L / 100, 1e-4) ** exponent
    return 100 * (black + (1 - white - black) * tones)


def soften(key: Key[Array, ""], L: Lightness) -> Lightness:
    """Blur by a Gaussian of random width."""
    sigma = SOFT * jax.random.uniform(key, (len(L), 1))
    taps = jnp.arange(-2.0, 3.0)
    weights = jnp.exp(-(taps**2) / (2 * jnp.maximum(sigma, 0.1) ** 2))
    weights = (weights / weights.sum(axis=1, keepdims=True))[:, :, None, None, None]
    for axis in (1, 2):
        widths = [(0, 0)] * 4
        widths[axis] = (2, 2)
        padded, n = jnp.pad(L, widths, mode="edge"), L.shape[axis]
        windows = [jax.lax.slice_in_dim(padded, i, i + n, axis=axis) for i in range(len(taps))]
        L = jnp.sum(jnp.stack(windows, axis=1) * weights, axis=1)
    return L


def add_grain(key: Key[Array, ""], L: Lightness) -> Lightness:
    """Add noise of a random strength, weaker in black and white."""
    strength, noise = jax.random.split(key)
    sigma = GRAIN * jax.random.uniform(strength, (len(L), 1, 1, 1)) ** 2
    middle = 4 * L * (100 - L) / 100**2
    return L + sigma * (0.3 + 0.7 * middle) * jax.random.normal(noise, L.shape)


def scratch(key: Key[Array, ""], L: Lightness) -> Lightness:
    """Draw a few thin lines, white or black, from top to bottom across some photographs."""
    keys = jax.random.split(key, 4)
    b, _, w, _ = L.shape
    has = jax.random.bernoulli(keys[0], SCRATCHED, (b, 1))
    number = has * jax.random.randint(keys[1], (b, 1), 1, SCRATCHES + 1)
    columns = jax.random.randint(keys[2], (b, SCRATCHES), 0, w)
    tone = 100.0 * jax.random.bernoulli(keys[3], 0.7, (b, SCRATCHES))
    for i in range(SCRATCHES):
        drawn = (jnp.arange(w) == columns[:, i, None]) & (i < number)
        L = jnp.where(drawn[:, None, :, None], 0.3 * L + 0.7 * tone[:, i, None, None, None], L)
    return L
