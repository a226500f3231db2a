import { serve } from '@hearth/modelkit';
import { model } from './model.ts';

await serve(model);
