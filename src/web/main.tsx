/** The screens' entry. */
import './jitless.ts';
import { render } from 'preact';
import { App } from './app.tsx';

const root = document.getElementById('screens');
if (root) render(<App />, root);
