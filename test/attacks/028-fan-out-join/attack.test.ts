import { withstands } from '../withstands.ts';
import { attack } from './attack.ts';

withstands(attack);
