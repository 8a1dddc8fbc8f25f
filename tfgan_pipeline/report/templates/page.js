'use strict';
// Without this script all pictures of a timeline stand one below the other.
document.documentElement.classList.add('js');
for (const timeline of document.querySelectorAll('.timeline')) {
  const frames = timeline.querySelectorAll('.frame');
  const slider = timeline.querySelector('input');
  const show = (index) => {
    frames.forEach((frame, other) => frame.classList.toggle('shown', other === index));
    if (slider) {
      const text = frames[index].dataset.text;
      timeline.querySelector('output').textContent = text;
      slider.setAttribute('aria-valuetext', text);
    }
  };
  show(frames.length - 1);
  if (slider) {
    slider.value = frames.length - 1;  // A browser that goes back would keep another value.
    slider.addEventListener('input', () => show(Number(slider.value)));
  }
}
// Paper has no way to open what is folded.
let opened = [];
addEventListener('beforeprint', () => {
  opened = [...document.querySelectorAll('details:not([open])')];
  opened.forEach((details) => { details.open = true; });
});
addEventListener('afterprint', () => opened.forEach((details) => { details.open = false; }));
