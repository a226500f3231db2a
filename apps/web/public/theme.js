// Before the first paint, and a file of its own because the content security policy allows no inline script.
// The choice is made in src/app/theme.ts.
const chosen = localStorage.getItem('hearth-theme');
if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
